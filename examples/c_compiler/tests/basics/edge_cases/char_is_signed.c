// expect_stdout: -128 0 1 92
// expect_stdout: ok
int printf(const char *format, ...);

int main(void) {
    char c = 127;
    c++;
    unsigned char u = 255;
    u++;
    char text[3] = "\\z";
    printf("%d %d %d %d\n", c, u, c < 0, text[0]);
    char letters[] = {'o', 'k', 0};
    printf("%s\n", letters);
    return 0;
}
