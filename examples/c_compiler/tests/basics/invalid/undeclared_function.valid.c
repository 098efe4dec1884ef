// expect_exit: 3
int helper(int n) { return n + 1; }

int main(void) {
    return helper(2);
}
