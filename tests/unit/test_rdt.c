/* Lines of resctrl's schemata files: which are accepted, and when an existing group agrees with them. */
#include "apply/rdt.h"
#include "tests/unit/test.h"
#include <errno.h>

TEST(rdt_accepts_schemata_lines)
{
	static const char *const good[] = { "L3:0=ff", "L3:0=ff;1=c0", "MB:0=20;1=70", "L2CODE:12=3", "SMBA:0=2048" };
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++)
		CHECK_INT(rdt_check_line(good[i], &e), 0);
}

TEST(rdt_refuses_what_is_no_schemata_line)
{
	static const char *const bad[] = { "", "L3", ":0=ff", "L3:", "L3:0", "L3:0=", "L3:x=ff", "L3:0=ff 1=ff",
					   "MB:0=2f", "L3:0=ff\nMB:0=20", "L3:0=-1", "L3:-1=f" };
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK_INT(rdt_check_line(bad[i], &e), -EINVAL);
	CHECK_HAS(e.text, "L3:-1=f");
}

TEST(rdt_compares_with_what_the_kernel_shows)
{
	static const char shown[] = "    MB:0= 20;1= 70\n    L3:0=000ff;1=000c0\n";

	CHECK(!rdt_agrees(shown, "MB:0=30"));
	CHECK(rdt_agrees(shown, "MB:0=20;1=70"));
	CHECK(rdt_agrees(shown, "L3:0=ff;1=c0"));
	CHECK(rdt_agrees("MB:0=20;1=70\nL3:0=000ff;1=000c0\n", "L3:0=ff"));
	CHECK(rdt_agrees("MB:0=20;1=70\n    L3:0=000ff;1=000c0\n", "L3:1=c0;0=ff"));
	CHECK(rdt_agrees("  MB:0=20;1=70\n", "MB:1=70"));
	CHECK(!rdt_agrees("  MB:0=20;1=70\n", "MB:2=70"));
	CHECK(!rdt_agrees("  MB:0=20;1=70\n", "L3:0=ff"));
	CHECK(!rdt_agrees("L3CODE:0=ff\n", "L3:0=ff"));
	CHECK(rdt_agrees(shown, "MB:1=70"));
}
