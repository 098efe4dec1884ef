// expect_stdout: Hi!
int putchar(int c);

int main(void) {
    putchar(72);
    putchar(105);
    putchar('!');
    putchar('\n');
    return 0;
}
