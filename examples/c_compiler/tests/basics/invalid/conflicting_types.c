// expect_error
int half(int n);

int main(void) {
    return half(8);
}

int half(int n, int m) {
    return n / 2;
}
