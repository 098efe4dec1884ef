// expect_exit: 5
int main(void) {
    int n = 2;
    switch (n) {
    case 2:
        n = 5;
    }
    return n;
}
