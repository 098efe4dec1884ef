// expect_stdout: red e
// expect_stdout: green r
// expect_stdout: blue l
// expect_stdout: large all
int printf(const char *format, ...);

char *colours[] = {"red", "green", "blue"};

int main(void) {
    const char *sizes[2];
    sizes[0] = "small";
    sizes[1] = "large";
    for (int i = 0; i < 3; i++)
        printf("%s %c\n", colours[i], colours[i][1]);
    printf("%s %s\n", sizes[1], sizes[0] + 2);
    return 0;
}
