// expect_exit: 3
int add(int a, int b, int c) {
    return a + b;
}

int main(void) {
    return add(1, 2, 3);
}
