/* The kernel's statistics files, in the shapes that were seen and in shapes that were not meant to be. */
#include "apply/stats_values.h"
#include "tests/unit/test.h"
#include <string.h>

TEST(stats_ranges_of_processors)
{
	struct arena a = { .budget = 0 };
	u64s list = { NULL, 0 };

	stats_parse_ranges(&a, "0-2,7", &list);
	REQUIRE(list.n == 4);
	CHECK_INT(list.v[0], 0);
	CHECK_INT(list.v[2], 2);
	CHECK_INT(list.v[3], 7);
	list.n = 0;
	stats_parse_ranges(&a, "3-18446744073709551615", &list);
	stats_parse_ranges(&a, "5-2", &list);
	stats_parse_ranges(&a, "x", &list);
	CHECK_INT(list.n, 0);
	arena_drop(&a);
}

TEST(stats_pressure)
{
	struct psi p;

	memset(&p, 0, sizeof p);
	stats_parse_psi("some avg10=0.12 avg60=10.00 avg300=0.00 total=4711\nfull avg10=0.01 avg60=0.00 avg300=99.99 total=18\n", &p);
	CHECK(p.some.set && p.full.set);
	CHECK_STR(p.some.avg10, "0.12");
	CHECK_STR(p.some.avg60, "10.00");
	CHECK_STR(p.full.avg300, "99.99");
	CHECK_INT(p.some.total, 4711);
	CHECK_INT(p.full.total, 18);
}

/* What goes into JSON unquoted has to be a number, whatever the file says. */
TEST(stats_pressure_numbers_are_numbers)
{
	struct psi p;

	memset(&p, 0, sizeof p);
	stats_parse_psi("some avg10=nan avg60=1.2.3 avg300=.5 total=x\n"
			"full avg10=007 avg60=1. avg300=99999999999999999999999999 total=1",
			&p);
	CHECK_STR(p.some.avg10, "0");
	CHECK_STR(p.some.avg60, "0");
	CHECK_STR(p.some.avg300, "0");
	CHECK_INT(p.some.total, 0);
	CHECK_STR(p.full.avg10, "0");
	CHECK_STR(p.full.avg60, "0");
	CHECK_STR(p.full.avg300, "0");
	CHECK_INT(p.full.total, 1);
}

TEST(stats_blkio_lines)
{
	struct arena a = { .budget = 0 };
	io_entries list = { NULL, 0 };

	stats_parse_blkio(&a, "8:0 Read 100\n8:0 Write 7\n8:16 Total 107\n253:1 42\nTotal 107\nbad\n8:\n8:1 Read\n", &list);
	REQUIRE(list.n == 4);
	CHECK_STR(list.v[0].op, "Read");
	CHECK_INT(list.v[0].value, 100);
	CHECK_INT(list.v[2].minor, 16);
	CHECK_STR(list.v[3].op, "");
	CHECK_INT(list.v[3].major, 253);
	CHECK_INT(list.v[3].value, 42);
	arena_drop(&a);
}

TEST(stats_io_stat_lines)
{
	struct arena a = { .budget = 0 };
	struct stats *s = arena_alloc(&a, sizeof *s);

	stats_parse_io_stat(&a, "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:16 \n7:0 rbytes=9\n", s);
	REQUIRE(s->io.tables[IO_SERVICE_BYTES].n == 3 && s->io.tables[IO_SERVICED].n == 2);
	CHECK_STR(s->io.tables[IO_SERVICE_BYTES].v[1].op, "Write");
	CHECK_INT(s->io.tables[IO_SERVICE_BYTES].v[1].value, 2);
	CHECK_INT(s->io.tables[IO_SERVICED].v[0].value, 3);
	CHECK_INT(s->io.tables[IO_SERVICE_BYTES].v[2].major, 7);
	arena_drop(&a);
}
