// expect_error
int main(void) {
    switch (3) {
    case 3:
        return 1;
    case 1 + 2:
        return 2;
    }
    return 0;
}
