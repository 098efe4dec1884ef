// expect_stdout: 6 7 2
// break leaves the switch, continue the turn of the loop around it.
int printf(const char *format, ...);

int main(void) {
    int vowels = 0, others = 0, stops = 0;
    const char *text = "to be, or not to be.";
    for (int i = 0; text[i]; i++) {
        switch (text[i]) {
        case 'a': case 'e': case 'i': case 'o': case 'u':
            vowels++;
            break;
        case ' ':
            continue;
        case ',': case '.':
            stops++;
            break;
        default:
            others++;
        }
        if (stops == 2)
            break;
    }
    printf("%d %d %d\n", vowels, others, stops);
    return 0;
}
