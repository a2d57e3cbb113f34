/* executor.h - what parent.c, clone.c and init.c share. Private to the executor. */
#ifndef WASIRUN_APPLY_EXECUTOR_H
#define WASIRUN_APPLY_EXECUTOR_H

#include "apply/ops.h"
#include "apply/run.h"
#include "base/resident.h"

/* Runs step i; the error gets the step's place. In init (in_init) a failing soft step is told over the wire, in the runtime it is
 * logged. */
MUST int run_step(struct run *r, size_t i, bool in_init, struct err *e);

/* Runs the steps of one stage in list order. */
MUST int run_stage(struct run *r, enum stage stage, bool in_init, struct err *e);

/* Has the plan a step of that stage? */
bool has_stage(const struct run *r, enum stage stage);

/* The plan's clone step. */
const struct step_clone *clone_step(const struct run *r);

/* Makes init: clone3, through a joiner process when namespaces have to be entered first. Sets pid and pidfd. In init it does not
 * return. init_end: init's end of the wire, closed in the runtime by the caller. */
MUST int clone_init(struct run *r, int init_end, struct err *e);

/* Everything that init does, from clone to exec. r->wire is its end of the wire. */
_Noreturn void init_main(struct run *r);

/* Gives back memory that a waiting init does not need; it comes back by itself when it is used. */
void shed_memory(const struct arena *a);

/* The part of that which is in the page cache anyway: for processes that mostly wait. */
void shed_code(void);

/* What is left to do before the program: signals, descriptors, and the word that it is coming. */
MUST int init_last_words(struct run *r, struct err *e);

#endif
