// expect_exit: 6
int main(void) {
    int a = 1, b = 2;
    b = a + 4;
    return a + b;
}
