// expect_exit: 5
/* Comments are allowed wherever a space is. */
int /* result */ main(void /* no parameters */) {
    // nothing here; not even return 1;
    return /* the
              value, three lines
              long */ 5;
}
