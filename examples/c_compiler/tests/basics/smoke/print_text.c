// expect_stdout: one line
// expect_stdout: 2 and 3 make 5
int printf(const char *format, ...);

int main(void) {
    printf("one line\n");
    printf("%d and %d make %d\n", 2, 3, 2 + 3);
    return 0;
}
