int main(void) {
    int n = 2;
    do
        switch (n) {
        case 2:
            n = 0;
            continue;
        }
    while (n);
    return n;
}
