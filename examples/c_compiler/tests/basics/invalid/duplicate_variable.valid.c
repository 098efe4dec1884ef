// expect_exit: 1
int main(void) {
    int x = 1;
    int x2 = 2;
    return x;
}
