# What `cmake --install` writes beside the targets, so that find_package(novelo) works.
include(CMakePackageConfigHelpers)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/noveloConfig.cmake.in
  ${PROJECT_BINARY_DIR}/noveloConfig.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/novelo)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/noveloConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/noveloConfig.cmake ${PROJECT_BINARY_DIR}/noveloConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/novelo COMPONENT development)
install(EXPORT novelo-targets NAMESPACE novelo:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/novelo
  COMPONENT development)
