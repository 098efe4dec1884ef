// expect_exit: 4
int half(int n);

int main(void) {
    return half(8);
}

int half(int n) {
    return n / 2;
}
