// expect_exit: 232
int main(void) {
    return 1000;
}
