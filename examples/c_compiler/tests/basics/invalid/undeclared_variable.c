// expect_error
int main(void) {
    int total = 3;
     count = 4;
    return total + count;
}
