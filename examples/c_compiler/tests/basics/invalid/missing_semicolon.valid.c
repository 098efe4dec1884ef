// expect_exit: 3
int main(void) {
    int x = 3;
    return x;
}
