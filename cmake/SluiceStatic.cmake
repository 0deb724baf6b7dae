# gRPC and what it stands on, linked from Debian's archives instead of its shared libraries, and jemalloc. A gRPC message costs a
# third less CPU so (no calls through the procedure linkage table, no locked reference counts across libraries, a quicker
# allocator), and a released binary needs fewer packages beside it. What has no archive, or gains nothing, stays shared: OpenSSL,
# c-ares, re2, zlib.
option(SLUICE_STATIC_GRPC "Link gRPC, Protobuf and Abseil statically, with jemalloc" OFF)

# An imported target that names libNAME.so.V names libNAME.a thereafter.
function(sluice_use_archive target)
  foreach(config "" _NONE _RELEASE)
    get_target_property(shared ${target} IMPORTED_LOCATION${config})
    if(shared)
      string(REGEX REPLACE "\\.so(\\.[0-9.]+)?$" ".a" archive "${shared}")
      if(EXISTS "${archive}")
        set_target_properties(${target} PROPERTIES IMPORTED_LOCATION${config} "${archive}")
      endif()
    endif()
  endforeach()
endfunction()

add_library(sluice_allocator INTERFACE)
if(SLUICE_STATIC_GRPC)
  get_property(imported DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target ${imported})
    if(target MATCHES "^(gRPC|absl|protobuf)::")
      sluice_use_archive(${target})
    endif()
  endforeach()
  find_library(JEMALLOC NAMES libjemalloc.a REQUIRED)
  target_link_libraries(sluice_allocator INTERFACE ${JEMALLOC} Threads::Threads ${CMAKE_DL_LIBS})
endif()
