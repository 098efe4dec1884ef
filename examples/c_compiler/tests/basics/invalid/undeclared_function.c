// expect_error


int main(void) {
    return helper(2);
}
