/* payload.c - what the bench's containers run: called as "pause" it waits to be killed, else it ends at once. */
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc > 0 && strstr(argv[0], "pause"))
		for (;;)
			pause();
	return 0;
}
