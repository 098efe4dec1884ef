// expect_exit: 40
int main(void) {
    return ((((7)) - (2 + 1)) * (10));
}
