/* resident.h - for the few functions that run while an init waits to be started: they lie side by side in the program, so that init holds
 * the pages around one place of it instead of most of it (the kernel maps 64 KiB at a time). See apply/shed.c. */
#ifndef WASIRUN_RESIDENT_H
#define WASIRUN_RESIDENT_H

#define RESIDENT __attribute__((section(".text.hot.resident")))

#endif
