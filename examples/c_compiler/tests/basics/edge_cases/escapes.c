// expect_stdout: tab[	] quote["] apostrophe['] backslash[\] percent[%]
// expect_stdout: 39 34 9 0
// expect_stdout: // not a comment /* nor this */
int printf(const char *format, ...);

int main(void) {
    printf("tab[\t] quote[\"] apostrophe['] backslash[\\] percent[%%]\n");
    printf("%d %d %d %d\n", '\'', '"', '\t', '\0');
    printf("// not a comment /* nor this */\n");
    return 0;
}
