// Put in front of every file that uses protobuf when ThreadSanitizer is on.
//
// Protobuf's map fields have two members more where they are compiled with ThreadSanitizer. The library, which is installed
// without it, would look for the others in the wrong place.
#pragma once

#ifdef __cplusplus
#undef __SANITIZE_THREAD__
#include <google/protobuf/map_field.h>
#define __SANITIZE_THREAD__ 1
#endif
