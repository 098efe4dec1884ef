// expect_exit: 255
// The system keeps the low eight bits of what main returns.
int main(void) {
    return -1;
}
