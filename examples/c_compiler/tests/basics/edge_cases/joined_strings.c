// expect_stdout: one two three
// expect_stdout: 5
int printf(const char *format, ...);

int main(void) {
    printf("one "
           "two " /* between */ "three"
           "\n");
    printf("%d\n", (int)sizeof("ab" "cd"));
    return 0;
}
