// expect_error
int printf(const char *format, ...);

int main(void) {
    printf("no end\n);
    return 0;
}
