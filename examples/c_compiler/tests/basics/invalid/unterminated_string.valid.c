// expect_stdout: no end
int printf(const char *format, ...);

int main(void) {
    printf("no end\n");
    return 0;
}
