// expect_error
int main(void) {
    int a = 1, b = 2;
    a + b = 4;
    return a + b;
}
