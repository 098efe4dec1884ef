// expect_error
int main(void) {
    int n = 2;
    switch (n) {
    case 2:
        n = 0;
        continue;
    }
    return n;
}
