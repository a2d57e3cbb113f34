/* print.h - what print.c and print_steps.c share. Private to plan/. */
#ifndef WASIRUN_PLAN_PRINT_H
#define WASIRUN_PLAN_PRINT_H

#include "base/text.h"
#include "oci/words.h"
#include "plan/step.h"

/* Appends what the step does, with a blank before each part; nothing for a step that its name tells completely. */
void plan_show(struct text *t, const struct step *s);

/* print_mounts.c */
void plan_show_mount(struct text *t, const struct step *s);
void plan_show_cgroup_mount(struct text *t, const struct step *s);
void plan_show_root(struct text *t, const struct step *s);
void plan_show_propagation(struct text *t, const struct step *s);
void plan_show_root_flags(struct text *t, const struct step *s);

/* print_start.c */
void plan_show_session(struct text *t, const struct step *s);
void plan_show_umask(struct text *t, const struct step *s);
void plan_show_bounding(struct text *t, const struct step *s);
void plan_show_ids(struct text *t, const struct step *s);
void plan_show_capabilities(struct text *t, const struct step *s);
void plan_show_landlock(struct text *t, const struct step *s);
void plan_show_broker(struct text *t, const struct step *s);
void plan_show_seccomp(struct text *t, const struct step *s);
void plan_show_cwd(struct text *t, const struct step *s);
void plan_show_find(struct text *t, const struct step *s);
void plan_show_exec(struct text *t, const struct step *s);

/* " word", a string from a document made visible; nothing for NULL. */
void plan_show_str(struct text *t, const char *s);
/* " key=word", nothing for NULL */
void plan_show_key(struct text *t, const char *key, const char *s);
/* All of them; key NULL = " word" each. */
void plan_show_all(struct text *t, const char *key, const struct strs *list);
/* " pid,mount": the words whose bits are in flags, the rest as a number */
void plan_show_bits(struct text *t, const struct words *w, uint64_t flags);
/* " word" if yes */
void plan_show_flag(struct text *t, const char *word, bool yes);
void plan_show_ranges(struct text *t, const char *what, const id_ranges *r);

#endif
