// expect_stdout: first
// expect_stdout:
// expect_stdout: third, and no newline after it
int printf(const char *format, ...);

int main(void) {
    printf("first\n\nthird, and no newline after it");
    return 0;
}
