// expect_stdout: 42
// expect_exit: 7
int printf(const char *format, ...);

int main(void) {
    int width;
    int height;
    width = 6;
    height = width + 1;
    printf("%d\n", width * height);
    return height;
}
