// expect_error
int helper(int n);

int main(void) {
    return helper(2);
}


