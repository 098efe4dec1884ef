// expect_stdout: 21 -1
int printf(const char *format, ...);

int first_multiple(int of, int from, int to) {
    while (1) {
        if (from > to)
            return -1;
        if (from % of == 0)
            return from;
        from = from + 1;
    }
}

int main(void) {
    printf("%d %d\n", first_multiple(7, 15, 30), first_multiple(50, 1, 49));
    return 0;
    printf("never\n");
}
