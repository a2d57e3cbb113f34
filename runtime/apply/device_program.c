/* device_program.c - device rules compiled to eBPF.
 *
 * The rules are looked at from the last to the first. r3 holds the kinds of access still undecided: an allow rule that matches
 * takes its own away and the request passes when none is left; a deny rule that matches one of them ends it. So one pass decides
 * every kind of access by the last rule that names it. The shape is kept plain (forward jumps, no stack, no helper), which the verifier
 * walks in a time linear in the rules. Pure: must not load or attach anything. */
#include "apply/device_program.h"
#include <errno.h>
#include <stdlib.h>

#define ALL_ACCESS 7U
/* Jump offsets are 16 bits wide. */
#define MAX_INSNS 32000

enum { R_TYPE = BPF_REG_2, R_ACCESS = BPF_REG_3, R_MAJOR = BPF_REG_4, R_MINOR = BPF_REG_5 };
enum { TO_NEXT = -1, TO_ALLOW = -2, TO_DENY = -3, TO_RUN_END = -4 };

struct out {
	struct arena *a;
	struct device_program *p;
};

static void emit(struct out *o, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	struct bpf_insn *i = arena_push(o->a, o->p);

	i->code = code;
	i->dst_reg = dst & 0xf;
	i->src_reg = src & 0xf;
	i->off = off;
	i->imm = imm;
}

static void jump_if(struct out *o, uint8_t op, uint8_t reg, uint32_t value, int16_t to)
{
	emit(o, BPF_JMP32 | op | BPF_K, reg, 0, to, (int32_t)value);
}

/* Resolves the marks that were put in from `from` on. */
static void patch(struct out *o, size_t from, int16_t mark, size_t target)
{
	size_t i;

	for (i = from; i < o->p->n; i++)
		if (o->p->v[i].off == mark)
			o->p->v[i].off = (int16_t)(target - i - 1);
}

/* The kernel's numbers for what struct rule calls 1 read, 2 write, 4 mknod. */
static uint32_t kernel_access(unsigned access)
{
	return (access & 1 ? BPF_DEVCG_ACC_READ : 0U) | (access & 2 ? BPF_DEVCG_ACC_WRITE : 0U) |
	       (access & 4 ? BPF_DEVCG_ACC_MKNOD : 0U);
}

static bool everything(const struct rule *r)
{
	return r->type == 'a' && r->major < 0 && r->minor < 0 && r->access == ALL_ACCESS;
}

/* A number that no device can have. */
static bool impossible(const struct rule *r)
{
	return !r->access || r->major > UINT32_MAX || r->minor > UINT32_MAX;
}

static void emit_rule(struct out *o, const struct rule *r)
{
	size_t from = o->p->n;
	uint32_t access = kernel_access(r->access);

	if (r->major >= 0)
		jump_if(o, BPF_JNE, R_MAJOR, (uint32_t)r->major, TO_NEXT);
	if (r->minor >= 0)
		jump_if(o, BPF_JNE, R_MINOR, (uint32_t)r->minor, TO_NEXT);
	if (r->access == ALL_ACCESS) {
		emit(o, BPF_JMP | BPF_JA, 0, 0, r->allow ? TO_ALLOW : TO_DENY, 0);
	} else if (r->allow) {
		emit(o, BPF_ALU | BPF_AND | BPF_K, R_ACCESS, 0, 0, (int32_t)~access);
		jump_if(o, BPF_JEQ, R_ACCESS, 0, TO_ALLOW);
	} else {
		jump_if(o, BPF_JSET, R_ACCESS, access, TO_DENY);
	}
	patch(o, from, TO_NEXT, o->p->n);
}

static int by_type(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	if (x->type != y->type)
		return x->type - y->type;
	if (x->major != y->major)
		return x->major < y->major ? -1 : 1;
	return (x->minor > y->minor) - (x->minor < y->minor);
}

/* Sorts v[from..to), which all allow or all deny, and appends it to out with the rules of one device made one. */
static void merge(rules *out, struct rule *v, size_t n)
{
	size_t first = out->n, i;

	qsort(v, n, sizeof *v, by_type);
	for (i = 0; i < n; i++) {
		if (out->n > first && by_type(&out->v[out->n - 1], &v[i]) == 0)
			out->v[out->n - 1].access |= v[i].access;
		else
			out->v[out->n++] = v[i];
	}
}

/* Drops what comes after a rule that decides all of its type: the verifier refuses code that cannot be reached. A rule that
 * decides everything becomes the default. */
static bool prune(rules *list)
{
	char decided = 0;
	size_t i, n = 0;

	for (i = 0; i < list->n; i++) {
		const struct rule *r = &list->v[i];

		if (everything(r)) {
			list->n = n;
			return r->allow;
		}
		if (r->type == decided)
			continue;
		if (r->type != 'a' && r->major < 0 && r->minor < 0 && r->access == ALL_ACCESS) {
			if (decided) { /* and now the other type too: what is left is its default */
				list->n = n;
				return r->allow;
			}
			decided = r->type;
		}
		list->v[n++] = *r;
	}
	list->n = n;
	return false;
}

/* The rules that count, last first; returns what holds when none matches. Rules next to each other that say the same verb may change
 * places: sorted, those of one type share one check. */
static bool arrange(struct arena *a, const rules *list, rules *out)
{
	rules r = { NULL, 0 };
	size_t i, end;

	for (i = list->n; i-- > 0;)
		if (!impossible(&list->v[i]))
			*arena_push(a, &r) = list->v[i];
	*out = (rules){ r.v, 0 }; /* in place: merging never grows */
	for (i = 0; i < r.n; i = end) {
		for (end = i; end < r.n && r.v[end].allow == r.v[i].allow; end++)
			;
		merge(out, r.v + i, end - i);
	}
	return prune(out);
}

static void emit_head(struct out *o, const rules *list)
{
	bool majors = false, minors = false;
	size_t i;

	for (i = 0; i < list->n; i++) {
		majors |= list->v[i].major >= 0;
		minors |= list->v[i].minor >= 0;
	}
	/* access_type: kinds of access << 16 | device type */
	emit(o, BPF_LDX | BPF_MEM | BPF_W, R_TYPE, BPF_REG_1, 0, 0);
	emit(o, BPF_ALU | BPF_MOV | BPF_X, R_ACCESS, R_TYPE, 0, 0);
	emit(o, BPF_ALU | BPF_RSH | BPF_K, R_ACCESS, 0, 0, 16);
	emit(o, BPF_ALU | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	if (majors)
		emit(o, BPF_LDX | BPF_MEM | BPF_W, R_MAJOR, BPF_REG_1, 4, 0);
	if (minors)
		emit(o, BPF_LDX | BPF_MEM | BPF_W, R_MINOR, BPF_REG_1, 8, 0);
	/* access(2) with F_OK asks for nothing */
	jump_if(o, BPF_JEQ, R_ACCESS, 0, TO_ALLOW);
}

static void emit_answer(struct out *o, bool allow)
{
	patch(o, 0, allow ? TO_ALLOW : TO_DENY, o->p->n);
	emit(o, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow);
	emit(o, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* What no rule decides falls through to the default; the other answer is there only if something jumps to it. */
static void emit_tail(struct out *o, bool otherwise)
{
	size_t i;

	emit_answer(o, otherwise);
	for (i = 0; i < o->p->n; i++) {
		if (o->p->v[i].off == (otherwise ? TO_DENY : TO_ALLOW)) {
			emit_answer(o, !otherwise);
			return;
		}
	}
}

int device_compile(struct arena *a, const rules *list, struct device_program *out, struct err *e)
{
	struct out o = { a, out };
	rules r;
	size_t i, from = 0;
	bool otherwise;

	*out = (struct device_program){ NULL, 0 };
	otherwise = arrange(a, list, &r);
	if (r.n * 5 + 16 > MAX_INSNS)
		return fail(e, E2BIG, "%zu device rules are more than one program can hold", list->n);
	emit_head(&o, &r);
	for (i = 0; i < r.n; i++) {
		char type = r.v[i].type;

		if (type != 'a' && (i == 0 || r.v[i - 1].type != type)) {
			from = out->n;
			jump_if(&o, BPF_JNE, R_TYPE, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, TO_RUN_END);
		}
		emit_rule(&o, &r.v[i]);
		if (type != 'a' && (i + 1 == r.n || r.v[i + 1].type != type))
			patch(&o, from, TO_RUN_END, out->n);
	}
	emit_tail(&o, otherwise);
	return 0;
}
