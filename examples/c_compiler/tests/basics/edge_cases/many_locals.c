// expect_stdout: 75028
int printf(const char *format, ...);

int total(int a, int b) {
    int c = a + b, d = c + b, e = d + c, f = e + d, g = f + e, h = g + f, i = h + g, j = i + h;
    int k = j + i, l = k + j, m = l + k, n = m + l, o = n + m, p = o + n, q = p + o, r = q + p;
    char padding[100];
    padding[0] = 1;
    padding[99] = 2;
    int s = r + q, t = s + r, u = t + s, v = u + t, w = v + u, x = w + v, y = x + w, z = y + x;
    return z + padding[0] + padding[99];
}

int main(void) {
    printf("%d\n", total(0, 1));
    return 0;
}
