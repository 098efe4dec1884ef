// expect_stdout: 0110 6
// expect_stdout: 0 1
int printf(const char *format, ...);

int calls;

int yes(void) {
    calls++;
    return 2;
}

int no(void) {
    calls++;
    return 0;
}

int main(void) {
    printf("%d", no() && yes());
    printf("%d", yes() || no());
    printf("%d", yes() && yes());
    printf("%d", no() || no());
    printf(" %d\n", calls);
    printf("%d %d\n", 0 && 1 / 0, 1 || 1 / 0);
    return 0;
}
