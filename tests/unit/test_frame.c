/* The frame's own checks that hold: a comparison that could not tell values apart would let every other test pass. */
#include "tests/unit/test.h"

static int order;

TEST(frame_runs_in_order_of_definition)
{
	CHECK_INT(order++, 0);
}

TEST(frame_compares)
{
	CHECK_INT(order, 1);
	CHECK(CHECK_INT(-1, -1) && CHECK_STR("a", "a") && CHECK_STR(NULL, NULL) && CHECK_HAS("abc", "b"));
}
