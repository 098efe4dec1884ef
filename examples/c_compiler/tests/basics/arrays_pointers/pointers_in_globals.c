// expect_stdout: 13 4 hello lo
int printf(const char *format, ...);

int values[4] = {1, 2, 3, 4};
int *third = &values[2];
int *start = values;
char *greeting = "hello";
char *tail = "hello" + 3;

int main(void) {
    *third += 10;
    printf("%d %d %s %s\n", values[2], start[3], greeting, tail);
    return 0;
}
