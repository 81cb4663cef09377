// The text of an exception, for reports.
#include "novelo/error.h"

namespace novelo {

std::string describe_exception(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  } catch (...) {
    return "an object that is not a std::exception";
  }
}

}  // namespace novelo
