// expect_error
int main(void) {
    int n = 2;
    {
    case 2:
        n = 5;
    }
    return n;
}
