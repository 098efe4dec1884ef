// expect_stdout: ABCDEFGHIJKLMNOPQRSTUVWXYZ
// A small interpreter running a program that prints the alphabet.
int putchar(int c);

char tape[300];

void run(const char *program) {
    char *cell = tape;
    while (*program) {
        switch (*program) {
        case '>': cell++; break;
        case '<': cell--; break;
        case '+': ++*cell; break;
        case '-': --*cell; break;
        case '.': putchar(*cell); break;
        case '[':
        case ']':
            if ((*program == '[') == !*cell) {
                int step = *program == '[' ? 1 : -1, depth = step;
                while (depth) {
                    program += step;
                    depth += (*program == '[') - (*program == ']');
                }
            }
        }
        program++;
    }
}

int main(void) {
    run("+++++[>+++++<-]>+"            // 26 letters
        ">++++++[>+++++++++++<-]>-"    // the first one is 65
        "<<[>>.+<<-]++++++++++.");
    return 0;
}
