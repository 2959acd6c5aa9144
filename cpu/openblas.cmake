# OpenBLAS as PkgConfig::OPENBLAS: by pkg-config, and where that has none (a bare machine, packages unpacked into
# CMAKE_PREFIX_PATH) by its files.
if(PkgConfig_FOUND)
  pkg_check_modules(OPENBLAS QUIET IMPORTED_TARGET openblas)
endif()
if(NOT TARGET PkgConfig::OPENBLAS)
  set(folders openblas-pthread openblas ${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread)
  find_path(OPENBLAS_INCLUDE cblas.h PATH_SUFFIXES ${folders} REQUIRED)
  find_library(OPENBLAS_LIBRARY NAMES openblas libopenblas.so.0 PATH_SUFFIXES ${folders} REQUIRED)
  add_library(PkgConfig::OPENBLAS INTERFACE IMPORTED)
  target_include_directories(PkgConfig::OPENBLAS INTERFACE ${OPENBLAS_INCLUDE})
  target_link_libraries(PkgConfig::OPENBLAS INTERFACE ${OPENBLAS_LIBRARY})
  set(OPENBLAS_VERSION "${OPENBLAS_LIBRARY}")
endif()
