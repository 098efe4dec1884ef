// expect_exit: 32
int main(void) {
    return 20 + 3 * 4;
}
