// expect_error
struct point {
    int x, y;
};

int main(void) {
    struct point p = {1, 2};
    p.z = 3;
    return p.x + p.z;
}
