# novelo_python_tests(LABEL <label> FILES <file>... [SERIAL]): each test method of the unittest files becomes a ctest test
# named <label>.<Class>.<method without test_>. SERIAL: nothing else runs meanwhile. They find the built
# programs in $NOVELO_BIN_DIR and the tree in $NOVELO_SOURCE_DIR.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(novelo_python_tests)
  cmake_parse_arguments(PARSE_ARGV 0 arg "SERIAL" "LABEL" "FILES")
  set(lister ${PROJECT_SOURCE_DIR}/tests/support/list_python_tests.py)
  foreach(file IN LISTS arg_FILES)
    set(path ${CMAKE_CURRENT_SOURCE_DIR}/${file})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path} ${lister})
    execute_process(COMMAND ${Python3_EXECUTABLE} ${lister} ${path}
      OUTPUT_VARIABLE tests OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    string(REPLACE "\n" ";" tests "${tests}")
    foreach(test IN LISTS tests)
      string(REPLACE ".test_" "." name ${test})
      add_test(NAME ${arg_LABEL}.${name} COMMAND ${Python3_EXECUTABLE} -B ${path} ${test})
      set_tests_properties(${arg_LABEL}.${name} PROPERTIES LABELS ${arg_LABEL} RUN_SERIAL ${arg_SERIAL}
        ENVIRONMENT "PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/support;NOVELO_SOURCE_DIR=${PROJECT_SOURCE_DIR};NOVELO_BIN_DIR=${PROJECT_BINARY_DIR}/bin")
    endforeach()
  endforeach()
endfunction()
