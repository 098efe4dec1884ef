// expect_stdout: 103 4
int printf(const char *format, ...);

int ticket(void) {
    static int last = 100;
    last++;
    return last;
}

int other(void) {
    static int last;
    last += 2;
    return last;
}

int main(void) {
    ticket();
    ticket();
    other();
    printf("%d %d\n", ticket(), other());
    return 0;
}
