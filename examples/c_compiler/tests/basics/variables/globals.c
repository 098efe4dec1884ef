// expect_stdout: 2 42 10
int printf(const char *format, ...);

int counter;
int start = 40;
int limit = 3 * 4 - 2;

void bump(void) {
    counter = counter + 1;
}

int main(void) {
    bump();
    bump();
    start = start + counter;
    printf("%d %d %d\n", counter, start, limit);
    return 0;
}
