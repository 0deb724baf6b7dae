# Protobuf as the generated code and all that reflects on it use it.
add_library(sluice_protobuf INTERFACE)
target_link_libraries(sluice_protobuf INTERFACE protobuf::libprotobuf)
if(SLUICE_SANITIZE MATCHES thread)
  target_compile_options(sluice_protobuf INTERFACE "SHELL:-include ${CMAKE_CURRENT_LIST_DIR}/protobuf_as_installed.h")
endif()

# sluice_proto(TARGET PROTOS a.proto ... [SERVICES b.proto ...]): a library of the generated code. PROTOS give the messages, SERVICES
# only what the gRPC plugin makes of them: their messages stand in another target's PROTOS. Paths are relative to proto/.
function(sluice_proto target)
  cmake_parse_arguments(ARG "" "" "PROTOS;SERVICES" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/gen)
  set(sources "")
  foreach(proto ${ARG_PROTOS})
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    sluice_protoc(${proto} --cpp_out=${out} ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
    list(APPEND sources ${out}/${stem}.pb.cc ${out}/${stem}.pb.h)
  endforeach()
  foreach(proto ${ARG_SERVICES})
    string(REGEX REPLACE "\\.proto$" "" stem ${proto})
    sluice_protoc(${proto} "--grpc_out=${out};--plugin=protoc-gen-grpc=$<TARGET_FILE:gRPC::grpc_cpp_plugin>"
                  ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
    list(APPEND sources ${out}/${stem}.grpc.pb.cc ${out}/${stem}.grpc.pb.h)
  endforeach()
  add_library(${target} STATIC ${sources})
  # Names that generated files have to themselves are the same in all of them.
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${out}>)
  target_link_libraries(${target} PUBLIC $<BUILD_INTERFACE:sluice_options> $<BUILD_INTERFACE:sluice_protobuf>
                                         protobuf::libprotobuf)
  if(ARG_SERVICES)
    target_link_libraries(${target} PUBLIC gRPC::grpc++)
  endif()
endfunction()

# Runs protoc with `flags` on one file; the arguments after it are what comes out.
function(sluice_protoc proto flags)
  add_custom_command(
    OUTPUT ${ARGN}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/gen
    COMMAND protobuf::protoc --proto_path=${CMAKE_SOURCE_DIR}/proto ${flags} ${CMAKE_SOURCE_DIR}/proto/${proto}
    DEPENDS ${CMAKE_SOURCE_DIR}/proto/${proto}
    VERBATIM)
endfunction()
