// expect_exit: 3
int helper(int n);

int main(void) {
    return helper(2);
}

int helper(int n) { return n + 1; }
