/* seal_early.c - the sealed view of the binary (seal.c), entered before the C library starts.
 *
 * Verbs that make container processes run from a sealed copy, which costs a second exec. Starting the C library only to
 * leave it again would be half of that cost (each CPUID of its start-up traps in a virtual machine), so the program's entry
 * point is here: it looks for such a verb among the arguments, and executes the sealed view at once. Whatever fails is left
 * to seal_self(), which says why and knows the other way. A container that is called "run" makes `state` seal itself
 * needlessly, no more.
 * Must not use the C library, thread-local storage (no stack protector) or anything that needs relocation: none of it is set up. */
#if defined(__x86_64__)
#include <fcntl.h>
#include <linux/mount.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#define BARE __attribute__((optimize("no-stack-protector", "no-tree-loop-distribute-patterns"), used))

/* Linux's calling convention: result or -errno in rax. */
static inline long call(long nr, long a, const void *b, long c, const void *d, long f)
{
	register long r10 __asm__("r10") = (long)d;
	register long r8 __asm__("r8") = f;
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
	return r;
}

BARE static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

BARE static int makes_processes(char **argv)
{
	for (; *argv; argv++)
		if (same(*argv, "create") || same(*argv, "run") || same(*argv, "exec") || same(*argv, "guard") || same(*argv, "sandbox") ||
		    same(*argv, "oci")) /* `manifest oci` unpacks images */
			return 1;
	return 0;
}

/* stack: argc, argv..., NULL, envp..., NULL as the kernel lays it (System V ABI, "Process Initialization"). */
BARE void seal_early(long *stack);
BARE void seal_early(long *stack)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE };
	char **argv = (char **)(stack + 1), **envp = argv + stack[0] + 1;
	struct statfs fs;
	long tree;

	if (stack[0] < 2 || !makes_processes(argv + 1))
		return;
	if (call(SYS_statfs, (long)"/proc/self/exe", &fs, 0, NULL, 0) < 0 || (fs.f_flags & ST_RDONLY))
		return;
	tree = call(SYS_open_tree, AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, NULL, 0);
	if (tree < 0)
		return;
	if (call(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof attr) == 0)
		call(SYS_execveat, tree, "", (long)argv, envp, AT_EMPTY_PATH);
	call(SYS_close, tree, NULL, 0, NULL, 0);
}

/* Named by -Wl,-e in the Makefile. The stack is as the kernel made it, and must be so again for _start. */
__asm__(".pushsection .text\n"
	".globl wasirun_entry\n"
	".type wasirun_entry, @function\n"
	"wasirun_entry:\n"
	"	endbr64\n"
	"	xorl %ebp, %ebp\n"
	"	movq %rsp, %rbx\n"
	"	movq %rsp, %rdi\n"
	"	andq $-16, %rsp\n"
	"	call seal_early\n"
	"	movq %rbx, %rsp\n"
	"	xorl %edx, %edx\n"
	"	jmp _start\n"
	".popsection\n");
#endif
