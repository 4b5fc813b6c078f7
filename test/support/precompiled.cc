// Nothing: CMake compiles precompiled.h for a target, and a target has a source.
